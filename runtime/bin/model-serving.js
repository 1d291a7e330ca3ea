#!/usr/bin/env node

require('node:module').enableCompileCache?.();
require('../build/runtime/src/main.js');
