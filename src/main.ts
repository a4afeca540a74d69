// The process that serves: what `signet serve` does, without loading the other commands.
import { existsSync } from 'node:fs';
import { serve } from './cli/serve.ts';

if (existsSync('.env')) process.loadEnvFile();
await serve(process.env);
