/* Runs a program for Windows and writes its exit code into a file: the one that Wine itself ends with is 0 after a failure
   once in a while. The program ends with this one, however this one ends.
   Usage: exit-code.exe FILE PROGRAM ARGUMENT... */
#include <stdio.h>
#include <windows.h>

/* Returns where the next word of a command line begins. */
static wchar_t *behind_word(wchar_t *line)
{
    int quoted = 0;
    for (; *line && (quoted || *line != L' '); line++)
        quoted ^= *line == L'"';
    while (*line == L' ')
        line++;
    return line;
}

int wmain(int count, wchar_t **words)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = { .BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE };
    STARTUPINFOW start = { .cb = sizeof start };
    PROCESS_INFORMATION program;
    DWORD code;
    HANDLE job = CreateJobObjectW(NULL, NULL);
    FILE *file;
    if (count < 3 || !SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits)
        || !CreateProcessW(NULL, behind_word(behind_word(GetCommandLineW())), NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &start, &program)
        || !AssignProcessToJobObject(job, program.hProcess) || ResumeThread(program.hThread) == (DWORD)-1
        || WaitForSingleObject(program.hProcess, INFINITE) != WAIT_OBJECT_0 || !GetExitCodeProcess(program.hProcess, &code))
        return 126;
    file = _wfopen(words[1], L"w");
    if (!file || fprintf(file, "%lu", code) < 0 || fclose(file))
        return 126;
    return code;
}
