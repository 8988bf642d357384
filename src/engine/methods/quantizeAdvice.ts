export const quantizeAdvice = undefined;
