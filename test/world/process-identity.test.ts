import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { hostOf, isAlive, readIdentity, readSelf } from '../../src/world/process-identity.ts';

const self = readSelf();

test('a process knows itself, and is alive', () => {
  expect(self.pid).toBe(process.pid);
  expect(hostOf(self)).toBe(hostname());
  expect(readSelf()).toEqual(self);
  expect(isAlive(self, self)).toBe('alive');
});

test('a number that has passed to another process does not make the earlier one alive', () => {
  expect(isAlive({ ...self, start: 'earlier' }, self)).toBe('dead');
  expect(isAlive({ ...self, pid: process.ppid }, self)).toBe('dead');
});

test('a process whose start the system did not tell may live, for as long as there is one of its number', () => {
  expect(isAlive({ ...self, pid: process.ppid, start: '' }, self)).toBe('unknown');
  expect(isAlive({ ...self, start: '' }, self)).toBe('unknown');
  expect(isAlive(self, { ...self, start: '' })).toBe('unknown');
  expect(isAlive({ ...self, pid: 2 ** 22 + 1, start: '' }, self)).toBe('dead');
});

test('a process of an earlier boot is dead, one elsewhere cannot be judged', () => {
  const [host = '', boot = '', namespace = ''] = self.boot.split('/');
  expect(isAlive({ ...self, boot: `${host}/earlier/${namespace}` }, self)).toBe('dead');
  expect(isAlive({ ...self, boot: `elsewhere/other/${namespace}` }, self)).toBe('unknown');
  expect(isAlive({ ...self, boot: `${host}/${boot}/another-container` }, self)).toBe('unknown');
  expect(isAlive({ ...self, boot: `renamed/${boot}/${namespace}` }, self)).toBe('alive');
});

test('a child is alive while it runs or is stopped, and dead once it has ended', async () => {
  const child = spawn(process.execPath, ['-e', `process.stdin.resume(); process.stdout.write('up')`]);
  await once(child.stdout, 'data');
  const identity = readIdentity(child.pid ?? 0);
  expect(isAlive(identity, self)).toBe('alive');
  child.kill('SIGSTOP');
  expect(isAlive(identity, self)).toBe('alive');
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(isAlive(identity, self)).toBe('dead');
});
