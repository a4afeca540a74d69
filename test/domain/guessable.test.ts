// Passwords that an attacker tries first are refused whichever way they come in, and what people remember is taken.
import { describe, expect, test } from 'vitest';
import { chosenPasswordProblem, guessablePassword } from '../../src/schemas/password.ts';

const around = ['carl', 'carl@example.com', 'Carl Gauss', undefined, 'Harbor Works', 'id.harbor.example'];

describe('refused', () => {
  test.each([
    'passwordpassword',
    'Password123456',
    'iloveyouiloveyou',
    '123456789012345',
    'aaaaaaaaaaaaaaa',
    'abcabcabcabcabcabc',
    'qwertyuiopasdfghjkl',
    '1q2w3e4r5t6y7u8i9o0p',
    'abcdefghijklmnopqrst',
    'signetsignetsignet',
    'carl@example.com',
    'carlcarlcarlcarl',
    'CarlGaussCarlGauss',
    'harborworks2026!',
    'id.harbor.example',
    'Carl Gauss carl 1',
    'Carl.Gauss.2026',
    'gauss gauss gauss',
    'Carl Gauss Signet',
    'Harbor-Works-Carl-77',
    'q'.repeat(4000),
  ])('%s', (password) => {
    expect(chosenPasswordProblem(password.padEnd(15, '1'), around)).toBe(guessablePassword);
  });
});

describe('taken', () => {
  test.each([
    'measured the whole Earth',
    'correct horse battery staple',
    'kx7mq-2hvd8-p4w9c-r3tzn-6bfyj',
    'eine Tasse Kaffee am Morgen',
    'すこしだけながいあいことばをえらぶ',
    'carl has a small red boat',
    'My name is not Carl Gauss',
    'carl 8301 2284 9917 4462',
    'x'.repeat(20) + 'a cup of coffee in the morning',
  ])('%s', (password) => {
    expect(chosenPasswordProblem(password, around)).toBeUndefined();
  });
});
