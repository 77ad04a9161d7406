// Where the program keeps what it can make again: code that Node has compiled, and what lint has found sound.
'use strict';
const { existsSync, lstatSync, mkdirSync } = require('node:fs');
const { homedir } = require('node:os');
const { isAbsolute, join } = require('node:path');

/**
 * `$XDG_CACHE_HOME/resend-ops`, else `~/.cache/resend-ops`, made where it is missing (0700); undefined where it cannot be
 * made, or is not this user's alone: code that is kept there is run. (Left to itself, Node keeps compiled code in the
 * shared temporary directory, under a name that others can foresee and take first.)
 */
function privateCache(base = process.env.XDG_CACHE_HOME ?? '', home = undefined) {
  try {
    // The XDG specification: a relative path is invalid and to be ignored.
    const parent = isAbsolute(base) ? base : join(home ?? homedir(), '.cache');
    const directory = join(parent, 'resend-ops');
    for (const each of [parent, directory]) {
      if (!existsSync(each)) mkdirSync(each, { mode: 0o700 });
    }
    const found = lstatSync(directory);
    const isOwn = process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o077) === 0);
    return found.isDirectory() && isOwn ? directory : undefined;
  } catch (error) {
    // No home, a read-only disk, a file in the way: the program does without, and is a little slower.
    if (error.syscall === undefined) throw error;
    return undefined;
  }
}

module.exports = { privateCache };
