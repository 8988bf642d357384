// Zod makes its checks faster by compiling them from text, and tries whether it may. The page's content security policy
// forbids that, and browsers report each attempt. Imported before everything that holds a schema.
import { config } from 'zod/v4/core';

config({ jitless: true });
