// Lets Node run the TypeScript sources as they are, shaders included.
import { register } from 'node:module';
import 'tsx';

register('./wgsl.mjs', import.meta.url);
