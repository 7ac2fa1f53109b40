-- The faults that memcheck must detect: loses memory, or reads beyond it.
local check = require("check")
local library = require("interposed").compile([[
#include <stdlib.h>
int lose(void *state) { (void)state; return malloc(100) == 0; }
int overread(void *state) {
    (void)state;
    volatile char *bytes = malloc(100);
    int beyond = bytes[100] == 7;
    free((void *)bytes);
    return beyond * 0;
}
]], "faulty")
check.ok("called", select("#", assert(package.loadlib(library, arg[1]))()) == 0)
check.done()
