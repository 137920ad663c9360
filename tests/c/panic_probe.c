/*
 * Calls exports of a library in which they panic, and tells what came back. `probe NAME` calls one
 * with nothing but zeros and prints what it returns; `message` prints the text of an error; `all`
 * calls a few in a row.
 */

#define _POSIX_C_SOURCE 200809L

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <tsm.h>

/* More arguments than any export has: those too many are ignored, as are the bits above a 32-bit
 * result. */
typedef intptr_t any_function(void *, void *, void *, void *, void *, void *, void *, void *,
                              void *, void *);

static int probe(const char *name)
{
    void *address = dlsym(RTLD_DEFAULT, name);
    any_function *function;
    intptr_t result;

    if (!address)
        return 2;
    memcpy(&function, &address, sizeof function);
    result = function(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    printf("%ld", (long)result);
    return 0;
}

static int message(void)
{
    tsm_config *config = tsm_config_new();
    tsm_error *error = NULL;

    if (tsm_config_set(config, "username", "x", &error) != TSM_E_INTERNAL)
        return 1;
    fputs(tsm_error_message(error), stdout);
    tsm_error_free(error);
    tsm_config_free(config);
    return 0;
}

static int all(void)
{
    tsm_session *session = NULL;
    tsm_error *error = NULL;

    return tsm_login(NULL, NULL, &session, &error) != TSM_E_INTERNAL || error == NULL
           || session != NULL || tsm_error_message(error)[0] != '\0' || tsm_config_new() != NULL;
}

int main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[1], "probe") == 0)
        return probe(arguments[2]);
    if (count > 1 && strcmp(arguments[1], "message") == 0)
        return message();
    return all();
}
