#ifndef MIRRORSCOPE_TARGET_CLONES_H
#define MIRRORSCOPE_TARGET_CLONES_H

/* One copy of a function per instruction set, chosen when the program starts: needs no compiler flag, so the package stays usable
   as a dependency. Only ELF on x86-64 has it; elsewhere the baseline is what there is. */
#if defined(__x86_64__) && defined(__linux__)
#define MIRRORSCOPE_TARGET_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MIRRORSCOPE_TARGET_CLONES
#endif

#endif
