#pragma once

#include <sys/types.h>

/// Starts a program in a process group of its own, with signals as a shell leaves them and no descriptors but three.
///
/// What glibc has for it stands behind _GNU_SOURCE, without which Swift reads its headers.
///
/// @param process      gets its number
/// @param path         where it is
/// @param folder       where it runs; null for where the caller does
/// @param descriptors  what it has as 0, 1 and 2; -1 for /dev/null
/// @param arguments    what it is told, its name first, and null behind them
/// @param environment  NAME=VALUE, and null behind them
/// @return 0, or the number of the error
int cspawn(pid_t *process, const char *path, const char *folder, const int descriptors[3], char *const arguments[],
           char *const environment[]);
