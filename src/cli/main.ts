console.error('hi');
