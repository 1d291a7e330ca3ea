const { join } = require('node:path');

/** Folder of everything that is made, not written: Python environments, models, programs, logs. Git ignores it. */
exports.CACHE = join(__dirname, '../.cache');
