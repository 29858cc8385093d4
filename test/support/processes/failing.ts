// Can't start, as a command with a wrong setting can't.
process.exitCode = 1
