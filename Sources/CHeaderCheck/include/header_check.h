#ifndef MIRRORSCOPE_HEADER_CHECK_H
#define MIRRORSCOPE_HEADER_CHECK_H

typedef enum {
  MIRRORSCOPE_HEADERS_READ,     /* every header could be read, or HDF5 said that one cannot */
  MIRRORSCOPE_HEADERS_UNLISTED, /* HDF5 said that it cannot list all objects and attributes, so that not all were looked at */
  MIRRORSCOPE_HEADERS_CRASH,    /* HDF5 crashed */
  MIRRORSCOPE_HEADERS_ENDLESS,  /* HDF5 took more processor time than the headers of any sensible file */
  MIRRORSCOPE_HEADERS_UNKNOWN   /* no child could be had, or it was stopped from outside */
} mirrorscope_headers;

/* Reads every header of an HDF5 file in a child process, with what hangs on headers: attributes with their values, enumerations, links, the
   index of chunks, variable-length text. A partial file is one whose end may be missing. The caller holds HDF5's lock, and has the file not
   open. */
mirrorscope_headers mirrorscope_check_headers(const char *path, int is_partial, unsigned seconds);

#endif
