/** The engine's name of a form, in words: "lowRank 32" → "rank 32", "tucker2 24×16" → "Tucker-2 24×16". */
export const formWords = (form: string): string =>
  form
    .replaceAll('lowRank', 'rank')
    .replaceAll('tucker2', 'Tucker-2')
    .replaceAll('tensorTrain', 'tensor train')
    .replaceAll('blockSparse', 'block-sparse')
    .replaceAll(/\bf16\b/g, 'float16');
