/** Width and height of a picture that stands beside others, in the units of its drawing. */
export const SMALL = [200, 130] as const;
