#ifndef MIRRORSCOPE_CHDF5_SHIM_H
#define MIRRORSCOPE_CHDF5_SHIM_H

#include <hdf5.h>
#include <hdf5_hl.h>

// Access flags are macros that open the library first (H5CHECK), a comma expression that Swift can't import.
static inline unsigned chdf5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned chdf5_read_write(void) { return H5F_ACC_RDWR; }
static inline unsigned chdf5_truncate(void) { return H5F_ACC_TRUNC; }
static inline unsigned chdf5_exclusive(void) { return H5F_ACC_EXCL; }

// Property list classes are macros over global variables that are set only once the library is open.
static inline hid_t chdf5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t chdf5_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t chdf5_dataset_access(void) { return H5P_DATASET_ACCESS; }
static inline hid_t chdf5_link_create(void) { return H5P_LINK_CREATE; }

// Casts of -1 to unsigned types are not imported.
static inline hsize_t chdf5_unlimited(void) { return H5S_UNLIMITED; }
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
