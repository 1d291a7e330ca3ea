#!/usr/bin/env node

require('node:module').enableCompileCache?.();
require('../build/main.js');
