#include "CSpawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>

static int prepare(posix_spawn_file_actions_t *actions, const char *folder, const int descriptors[3]) {
    int error = folder ? posix_spawn_file_actions_addchdir_np(actions, folder) : 0;
    for (int number = 0; number < 3 && error == 0; number++) {
        error = descriptors[number] >= 0 ? posix_spawn_file_actions_adddup2(actions, descriptors[number], number)
                                         : posix_spawn_file_actions_addopen(actions, number, "/dev/null", O_RDWR, 0);
    }
    // Those of other threads are opened and closed meanwhile, and not all close by themselves.
    return error ? error : posix_spawn_file_actions_addclosefrom_np(actions, 3);
}

static int set(posix_spawnattr_t *attributes) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    if (error == 0) error = posix_spawnattr_setsigdefault(attributes, &all);
    if (error == 0) error = posix_spawnattr_setpgroup(attributes, 0);
    const short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    return error ? error : posix_spawnattr_setflags(attributes, flags);
}

int cspawn(pid_t *process, const char *path, const char *folder, const int descriptors[3], char *const arguments[],
           char *const environment[]) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    error = prepare(&actions, folder, descriptors);
    if (error == 0) error = set(&attributes);
    if (error == 0) error = posix_spawn(process, path, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}
