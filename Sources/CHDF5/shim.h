#ifndef MIRRORSCOPE_CHDF5_SHIM_H
#define MIRRORSCOPE_CHDF5_SHIM_H

#include <hdf5.h>
#include <hdf5_hl.h>

// Access flags are macros that open the library first (H5CHECK), a comma expression that Swift can't import.
static inline unsigned chdf5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned chdf5_read_write(void) { return H5F_ACC_RDWR; }
static inline unsigned chdf5_truncate(void) { return H5F_ACC_TRUNC; }
static inline unsigned chdf5_exclusive(void) { return H5F_ACC_EXCL; }

// A macro over a version of it from 1.12 on.
typedef herr_t (*chdf5_link_visitor)(hid_t group, const char *name, const H5L_info_t *info, void *context);
static inline herr_t chdf5_visit_links(hid_t group, chdf5_link_visitor visit, void *context) {
  return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, visit, context);
}

// Where an object's header lies, whatever the links to it; HADDR_UNDEF where that cannot be had.
static inline haddr_t chdf5_object_address(hid_t object) {
#if H5_VERSION_GE(1, 12, 0)
  H5O_info1_t info;
  return H5Oget_info1(object, &info) < 0 ? HADDR_UNDEF : info.addr;
#else
  H5O_info_t info;
  return H5Oget_info(object, &info) < 0 ? HADDR_UNDEF : info.addr;
#endif
}

// Stands for every file that is open.
static inline hid_t chdf5_all_files(void) { return H5F_OBJ_ALL; }

// Property list classes are macros over global variables that are set only once the library is open.
static inline hid_t chdf5_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t chdf5_group_create(void) { return H5P_GROUP_CREATE; }
static inline hid_t chdf5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t chdf5_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t chdf5_dataset_access(void) { return H5P_DATASET_ACCESS; }
static inline hid_t chdf5_link_create(void) { return H5P_LINK_CREATE; }
static inline hid_t chdf5_link_access(void) { return H5P_LINK_ACCESS; }
static inline hid_t chdf5_group_access(void) { return H5P_GROUP_ACCESS; }

// Casts of -1 to unsigned types are not imported.
static inline hsize_t chdf5_unlimited(void) { return H5S_UNLIMITED; }
static inline haddr_t chdf5_no_offset(void) { return HADDR_UNDEF; }
static inline size_t chdf5_variable_length(void) { return H5T_VARIABLE; }

// Predefined types are macros over global variables, which Swift's concurrency checks reject when they are named directly.
static inline hid_t chdf5_c_string(void) { return H5T_C_S1; }
static inline hid_t chdf5_native_int8(void) { return H5T_NATIVE_INT8; }
static inline hid_t chdf5_native_int16(void) { return H5T_NATIVE_INT16; }
static inline hid_t chdf5_native_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t chdf5_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t chdf5_native_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t chdf5_native_uint16(void) { return H5T_NATIVE_UINT16; }
static inline hid_t chdf5_native_uint32(void) { return H5T_NATIVE_UINT32; }
static inline hid_t chdf5_native_uint64(void) { return H5T_NATIVE_UINT64; }
static inline hid_t chdf5_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t chdf5_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t chdf5_native_b8(void) { return H5T_NATIVE_B8; }
static inline hid_t chdf5_le_int8(void) { return H5T_STD_I8LE; }
static inline hid_t chdf5_le_int16(void) { return H5T_STD_I16LE; }
static inline hid_t chdf5_le_int32(void) { return H5T_STD_I32LE; }
static inline hid_t chdf5_le_int64(void) { return H5T_STD_I64LE; }
static inline hid_t chdf5_le_uint8(void) { return H5T_STD_U8LE; }
static inline hid_t chdf5_le_uint16(void) { return H5T_STD_U16LE; }
static inline hid_t chdf5_le_uint32(void) { return H5T_STD_U32LE; }
static inline hid_t chdf5_le_uint64(void) { return H5T_STD_U64LE; }
static inline hid_t chdf5_le_float(void) { return H5T_IEEE_F32LE; }
static inline hid_t chdf5_le_double(void) { return H5T_IEEE_F64LE; }

// What an error is about (HDF5's major number) and what went wrong (its minor number), as far as we tell them apart. Error numbers are macros
// over global variables, too.
typedef enum {
  CHDF5_ABOUT_OTHER,
  CHDF5_ABOUT_FILE,
  CHDF5_ABOUT_DATASET,
  CHDF5_ABOUT_DATATYPE,
  CHDF5_ABOUT_HEADER,
  CHDF5_ABOUT_LINK,
  CHDF5_ABOUT_PATH,
  CHDF5_ABOUT_ATTRIBUTE,
  CHDF5_ABOUT_FILTER,
  CHDF5_ABOUT_STORAGE
} chdf5_subject;

static inline chdf5_subject chdf5_subject_of(hid_t major) {
  if (major == H5E_FILE) return CHDF5_ABOUT_FILE;
  if (major == H5E_DATASET) return CHDF5_ABOUT_DATASET;
  if (major == H5E_DATATYPE) return CHDF5_ABOUT_DATATYPE;
  if (major == H5E_OHDR) return CHDF5_ABOUT_HEADER;
  if (major == H5E_LINK) return CHDF5_ABOUT_LINK;
  if (major == H5E_SYM) return CHDF5_ABOUT_PATH;
  if (major == H5E_ATTR) return CHDF5_ABOUT_ATTRIBUTE;
  if (major == H5E_PLINE) return CHDF5_ABOUT_FILTER;
  if (major == H5E_STORAGE) return CHDF5_ABOUT_STORAGE;
  return CHDF5_ABOUT_OTHER;
}

typedef enum {
  CHDF5_FAULT_OTHER,
  CHDF5_FAULT_NOT_HDF5,
  CHDF5_FAULT_TRUNCATED,
  CHDF5_FAULT_CANNOT_LOCK,
  CHDF5_FAULT_CANNOT_OPEN_FILE,
  CHDF5_FAULT_FILE_EXISTS,
  CHDF5_FAULT_NOT_FOUND,
  CHDF5_FAULT_WRONG_KIND,
  CHDF5_FAULT_EXISTS,
  CHDF5_FAULT_READ,
  CHDF5_FAULT_WRITE,
  CHDF5_FAULT_FILTER,
  CHDF5_FAULT_CANNOT_INITIALISE,
  CHDF5_FAULT_CANNOT_GET,
  CHDF5_FAULT_BAD_VALUE,
  CHDF5_FAULT_CANNOT_LOAD,
  CHDF5_FAULT_VERSION
} chdf5_fault;

static inline chdf5_fault chdf5_fault_of(hid_t minor) {
  if (minor == H5E_NOTHDF5) return CHDF5_FAULT_NOT_HDF5;
  if (minor == H5E_TRUNCATED) return CHDF5_FAULT_TRUNCATED;
#if H5_VERSION_GE(1, 10, 7)
  if (minor == H5E_CANTLOCKFILE) return CHDF5_FAULT_CANNOT_LOCK;
#endif
  if (minor == H5E_CANTOPENFILE) return CHDF5_FAULT_CANNOT_OPEN_FILE;
  if (minor == H5E_FILEEXISTS) return CHDF5_FAULT_FILE_EXISTS;
  if (minor == H5E_NOTFOUND) return CHDF5_FAULT_NOT_FOUND;
  if (minor == H5E_BADTYPE) return CHDF5_FAULT_WRONG_KIND;
  if (minor == H5E_EXISTS) return CHDF5_FAULT_EXISTS;
  if (minor == H5E_READERROR) return CHDF5_FAULT_READ;
  if (minor == H5E_WRITEERROR) return CHDF5_FAULT_WRITE;
  if (minor == H5E_CANTFILTER) return CHDF5_FAULT_FILTER;
  if (minor == H5E_CANTINIT) return CHDF5_FAULT_CANNOT_INITIALISE;
  if (minor == H5E_CANTGET) return CHDF5_FAULT_CANNOT_GET;
  if (minor == H5E_BADVALUE) return CHDF5_FAULT_BAD_VALUE;
  if (minor == H5E_CANTLOAD) return CHDF5_FAULT_CANNOT_LOAD;
  if (minor == H5E_VERSION) return CHDF5_FAULT_VERSION;
  return CHDF5_FAULT_OTHER;
}

// Only newer libraries have the call; older ones have no way to open a file without locking it. Returns -1 there.
static inline herr_t chdf5_turn_off_locking(hid_t file_access_list) {
#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 11, 0))
  return H5Pset_file_locking(file_access_list, 0, 1);
#else
  (void)file_access_list;
  return -1;
#endif
}

#endif
