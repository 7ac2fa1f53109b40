/* Starts a program of Linux from one of Windows, under wine. wine's pipes have no descriptor that it could inherit, and
   wine does not know when it ends. So a shell runs it with its output in a file, from which it is passed on, and tells
   the end by another file. */
#include <stdio.h>
#include <windows.h>

static void pass_on(HANDLE file) {
    char bytes[4096];
    DWORD count, written;
    while (ReadFile(file, bytes, sizeof bytes, &count, NULL) && count > 0)
        WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), bytes, count, &written, NULL);
}

static int run(void) {
    static char command[32768], output[64], ended[64];
    const char *script = "\"$0\" \"$@\" >\"$OUTPUT\" 2>&1 </dev/null; echo $? >\"$ENDED.new\"; mv \"$ENDED.new\" \"$ENDED\"";
    char *rest = GetCommandLineA();
    int quoted = 0, status = 127;
    for (; *rest && (quoted || *rest != ' '); rest++) if (*rest == '"') quoted = !quoted;
    _snprintf(output, sizeof output, "output-%lu", GetCurrentProcessId());
    _snprintf(ended, sizeof ended, "ended-%lu", GetCurrentProcessId());
    SetEnvironmentVariableA("OUTPUT", output);
    SetEnvironmentVariableA("ENDED", ended);
    _snprintf(command, sizeof command, "sh -c \"eval \\\"$RUN\\\"\" \"%s\"%s", PROGRAM, rest);
    SetEnvironmentVariableA("RUN", script);
    DeleteFileA(ended);
    DWORD shared = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    HANDLE reader = CreateFileA(output, GENERIC_READ | GENERIC_WRITE, shared, NULL, CREATE_ALWAYS, 0, NULL);
    STARTUPINFOA startup = { sizeof startup };
    PROCESS_INFORMATION process;
    if (!CreateProcessA("Z:\\bin\\sh", command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process)) {
        return status;
    }
    while (GetFileAttributesA(ended) == INVALID_FILE_ATTRIBUTES) {
        pass_on(reader);
        Sleep(5);
    }
    pass_on(reader);
    HANDLE file = CreateFileA(ended, GENERIC_READ, shared, NULL, OPEN_EXISTING, 0, NULL);
    DWORD length = 0;
    if (ReadFile(file, output, sizeof output - 1, &length, NULL) && length > 0) status = 0;
    for (DWORD i = 0; i < length && output[i] >= '0' && output[i] <= '9'; i++) status = status * 10 + output[i] - '0';
    return status;
}

/* the C library's start-up code would expand the arguments, which are not for this program */
void start(void) {
    ExitProcess(run());
}
