#!/bin/sh
exec "$(dirname "$0")/../setup-venv.sh" triton
