#include "header_check.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* HDF5 1.10 trusts what it finds: a damaged heap index or attribute makes it read and write beyond its memory. Whatever the caller is going
   to do with a header is done here first, in a process of its own. Nothing of Swift runs in it: between fork and _exit another thread's
   locks stay taken for ever, and HDF5's, which the caller holds, is the only one needed. */

enum { LARGEST_VALUE = 64 << 20, MOST_CHUNKS = 20000, MOST_MISSES = 500 };
enum { LISTED = 1, UNLISTED = 2 };

static void read_all_text(hid_t dataset, hid_t type, hsize_t count) {
  if (count == 0 || count > LARGEST_VALUE / sizeof(char *)) return;
  char **texts = calloc((size_t)count, sizeof *texts);
  if (!texts) return;
  if (H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts) >= 0)
    for (hsize_t i = 0; i < count; i++) H5free_memory(texts[i]);
  free(texts);
}

static herr_t read_attribute(hid_t object, const char *name, const H5A_info_t *info, void *context) {
  (void)info, (void)context;
  hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  if (attribute < 0) return 0;
  hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  hssize_t count = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
  size_t size = type < 0 ? 0 : H5Tget_size(type);
  if (count > 0 && size > 0 && (size_t)count <= LARGEST_VALUE / size) {
    void *values = calloc((size_t)count, size);
    if (values && H5Aread(attribute, type, values) >= 0) H5Dvlen_reclaim(type, space, H5P_DEFAULT, values);
    free(values);
  }
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  H5Aclose(attribute);
  return 0;
}

/* Looks up every chunk that the shape asks for, the last dimension running fastest. */
static void look_up_chunks(hid_t dataset, hid_t list, hid_t space) {
  hsize_t shape[H5S_MAX_RANK], chunk[H5S_MAX_RANK], position[H5S_MAX_RANK] = {0};
  int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 1 || rank > H5S_MAX_RANK || H5Sget_simple_extent_dims(space, shape, NULL) < 0) return;
  if (H5Pget_chunk(list, H5S_MAX_RANK, chunk) != rank) return;
  for (int d = 0; d < rank; d++)
    if (shape[d] == 0 || chunk[d] == 0) return;
  for (int looked = 0, missed = 0; looked < MOST_CHUNKS && missed < MOST_MISSES; looked++) {
    hsize_t bytes = 0;
    if (H5Dget_chunk_storage_size(dataset, position, &bytes) < 0) missed++;
    int d = rank - 1;
    for (; d >= 0; position[d--] = 0) {
      if (chunk[d] >= shape[d] - position[d]) continue;
      position[d] += chunk[d];
      break;
    }
    if (d < 0) return;
  }
}

static void look_at_dataset(hid_t dataset) {
  hid_t list = H5Dget_create_plist(dataset);
  if (list < 0) return;
  /* The shape of a virtual data set may be that of its sources, which are other files. */
  H5D_layout_t layout = H5Pget_layout(list);
  if (layout >= 0 && layout != H5D_VIRTUAL && H5Pget_external_count(list) == 0) {
    H5D_fill_value_t fill;
    H5Pfill_value_defined(list, &fill);
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    hssize_t count = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
    if (type >= 0 && H5Tget_class(type) == H5T_ENUM)
      for (int i = 0, members = H5Tget_nmembers(type); i < members; i++) H5free_memory(H5Tget_member_name(type, (unsigned)i));
    if (space >= 0 && layout == H5D_CHUNKED) look_up_chunks(dataset, list, space);
    if (type >= 0 && count > 0 && H5Dget_storage_size(dataset) > 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) > 0)
      read_all_text(dataset, type, (hsize_t)count);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
  }
  H5Pclose(list);
}

/* Called once for each object, whatever the number of links to it; links to other files are not followed. The context says whether
   everything could be listed so far. */
static herr_t look_at_object(hid_t root, const char *name, const H5O_info_t *info, void *context) {
  hid_t object = H5Oopen(root, name, H5P_DEFAULT);
  if (object < 0) return 0;
  hsize_t position = 0;
  if (H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &position, read_attribute, NULL) < 0) *(int *)context = 0;
  if (info->type == H5O_TYPE_DATASET) look_at_dataset(object);
  H5Oclose(object);
  return 0;
}

static void be_quiet_and_mortal(unsigned seconds) {
#ifdef __linux__
  /* A child that outlives a killed parent holds the locks of its open files. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  const int faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTRAP, SIGXCPU};
  /* The mask is that of the thread that forked: those of a thread pool block everything, and the limit on time would end in a SIGKILL, which
     is taken for one from outside. */
  sigset_t unblocked;
  sigemptyset(&unblocked);
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) signal(faults[i], SIG_DFL), sigaddset(&unblocked, faults[i]);
  sigprocmask(SIG_UNBLOCK, &unblocked, NULL);
  struct rlimit no_core = {0, 0}, time = {seconds, seconds + 1};
  setrlimit(RLIMIT_CORE, &no_core);
  setrlimit(RLIMIT_CPU, &time);
  int null = open("/dev/null", O_WRONLY);
  if (null >= 0) dup2(null, STDOUT_FILENO), dup2(null, STDERR_FILENO);
}

/* Whether everything in the file could be listed: what could not has not been looked at, and can still be found by its name. */
static int read_headers(const char *path, int is_partial) {
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  if (access < 0) return 1;
  if (is_partial) {
    hbool_t skips = 1;
    if (H5Pset_fapl_stdio(access) < 0) return 1;
    if (H5Pexist(access, "skip_eof_check") > 0) H5Pset(access, "skip_eof_check", &skips);
  }
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 11, 0))
  /* A file system without locks keeps nobody from reading. */
  if (file < 0 && H5Pset_file_locking(access, 0, 1) >= 0) file = H5Fopen(path, H5F_ACC_RDONLY, access);
#endif
  /* The caller says why. */
  if (file < 0) return 1;
  int is_listed = 1;
#if H5_VERSION_GE(1, 12, 0)
  herr_t visited = H5Ovisit3(file, H5_INDEX_NAME, H5_ITER_NATIVE, look_at_object, &is_listed, H5O_INFO_BASIC);
#else
  herr_t visited = H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_NATIVE, look_at_object, &is_listed, H5O_INFO_BASIC);
#endif
  /* Memory that was damaged by reading shows where it is given back. */
  H5Fclose(file);
  return visited >= 0 && is_listed;
}

mirrorscope_headers mirrorscope_check_headers(const char *path, int is_partial, unsigned seconds) {
  /* A byte through a pipe says that the child came to its end, whatever is done with this process's children elsewhere. */
  int ends[2];
  if (pipe(ends) < 0) return MIRRORSCOPE_HEADERS_UNKNOWN;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  pid_t child = fork();
  if (child == 0) {
    be_quiet_and_mortal(seconds);
    char done = read_headers(path, is_partial) ? LISTED : UNLISTED;
    _exit(write(ends[1], &done, 1) == 1 ? 0 : 1);
  }
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    return MIRRORSCOPE_HEADERS_UNKNOWN;
  }
  char done = 0;
  ssize_t got;
  do got = read(ends[0], &done, 1);
  while (got < 0 && errno == EINTR);
  close(ends[0]);
  int status = 0;
  pid_t ended;
  do ended = waitpid(child, &status, 0);
  while (ended < 0 && errno == EINTR);
  if (got == 1) return done == LISTED ? MIRRORSCOPE_HEADERS_READ : MIRRORSCOPE_HEADERS_UNLISTED;
  if (ended != child || !WIFSIGNALED(status)) return ended == child ? MIRRORSCOPE_HEADERS_CRASH : MIRRORSCOPE_HEADERS_UNKNOWN;
  switch (WTERMSIG(status)) {
    case SIGXCPU: return MIRRORSCOPE_HEADERS_ENDLESS;
    case SIGINT: case SIGTERM: case SIGHUP: case SIGKILL: case SIGQUIT: return MIRRORSCOPE_HEADERS_UNKNOWN;
    default: return MIRRORSCOPE_HEADERS_CRASH;
  }
}
