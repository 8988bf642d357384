import { MantineProvider } from '@mantine/core';
import { createElement, type ReactNode } from 'react';
import { prerender } from 'react-dom/static';
import { expect, it, vi } from 'vitest';

// What adding a lesson is: its folder, and one line in the list.
vi.mock('./list', async (original) => ({
  LESSONS: [...(await original<typeof import('./list')>()).LESSONS, (await import('./lessons.fixtures')).sparsity],
}));

// The page starts its engine when it is imported; nothing here calls it.
vi.stubGlobal('Worker', class extends EventTarget {});

const { Welcome } = await import('../shell/welcome/Welcome');
const { default: LessonPage } = await import('./LessonPage');
const { lessonAddress, routeOf } = await import('../route');

async function rendered(node: ReactNode): Promise<string> {
  const { prelude } = await prerender(createElement(MantineProvider, null, node));
  // Without Mantine's styles, which say nothing of lessons.
  return (await new Response(prelude).text()).replaceAll(/<style.*?<\/style>/gs, '');
}

it('a new lesson is on the first page, after those before it', async () => {
  const page = await rendered(createElement(Welcome));
  expect(page).toContain(`href="${lessonAddress('sparsity')}"`);
  expect(page).toMatch(/What is rank\?.*Lesson · .*4.* minutes.*What is sparsity\?.*Which zeros a machine can skip\./);
});

it('it opens at its address, with its steps', async () => {
  const { lesson } = routeOf(lessonAddress('sparsity'));
  const page = await rendered(createElement(LessonPage, { id: lesson! }));
  expect(page).toContain('<h1>What is sparsity?</h1>');
  expect(page).toMatch(/Count the zeros.*Half of them are zero\./);
});

it('the list of lessons, and an address that leads nowhere, show all of them', async () => {
  for (const [hash, title] of [
    ['#/lessons', 'Lessons'],
    ['#/lessons/none', 'There is no lesson called “none”'],
  ]) {
    const page = await rendered(createElement(LessonPage, { id: routeOf(hash!).lesson! }));
    expect(page).toContain(`<h1>${title}</h1>`);
    expect(page).toMatch(/What is rank\?.*What is sparsity\?/);
  }
  expect(routeOf('#/')).toMatchObject({ lesson: null, gpu: false });
});
