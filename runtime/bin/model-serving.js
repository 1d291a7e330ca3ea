#!/usr/bin/env node
'use strict';

require('node:module').enableCompileCache?.();
require('../build/runtime/src/main.js');
