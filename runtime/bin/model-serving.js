#!/usr/bin/env node

// The inference engine reports its use to its makers, unless it is told not to before it is loaded.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

require('node:module').enableCompileCache?.();
require('../build/main.js');
