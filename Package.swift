// swift-tools-version: 6.1
import PackageDescription

// Targets from the bottom up; an arrow never points up.

/// The clean-C libraries come from the system, found through pkg-config, so that plain `swift build` works.
let systemLibraries: [Target] = [
  // HDF5's C interface, with a shim for the macros that Swift cannot import.
  .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
  // Deflate and inflate of whole chunks, in zlib's format.
  .systemLibrary(
    name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"]), .brew(["libdeflate"])]),
  // Matrix products: OpenBLAS on Linux, Accelerate on macOS.
  .systemLibrary(name: "CBLAS", pkgConfig: blasPackage, providers: [.apt(["libopenblas-dev"])]),
]

#if os(macOS)
  let blasPackage: String? = nil
#else
  let blasPackage: String? = "openblas"
#endif

let package = Package(
  name: "mirrorscope",
  platforms: [.macOS(.v14)],
  products: [
    .executable(name: "frogtoad", targets: ["frogtoad"]),
    .executable(name: "mirrorscope", targets: ["mirrorscope"]),
    .library(name: "ActivationRecording", targets: ["ActivationRecording"]),
    .library(name: "MirrorAnalysis", targets: ["MirrorAnalysis"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
  ],
  targets: systemLibraries + [
    // The few loops that are compiled per instruction set: training step, moments.
    .target(name: "CKernels"),
    // Fixed blocks of work over several threads, results in order.
    .target(name: "Parallelism"),
    // A Swift face on HDF5, one file per notion.
    .target(name: "HDF5", dependencies: ["CHDF5", "CDeflate", "Parallelism"]),
    // Moments, random streams, resampling. Knows no file.
    .target(name: "Statistics", dependencies: ["CBLAS", "CKernels", "Parallelism"]),
    // A typed table out as CSV, TSV or JSON, and its Table Schema.
    .target(name: "Tabular"),
    // World, players, actions, state vector, labels, and the file that stores a data set.
    .target(
      name: "FrogAndToad",
      dependencies: ["HDF5", "Parallelism", "Statistics", .product(name: "Crypto", package: "swift-crypto")]),
    // Dense networks: forward, training, checkpoints, Keras import.
    .target(
      name: "DenseNetwork",
      dependencies: [
        "CBLAS", "CKernels", "HDF5", "Parallelism", "Statistics", .product(name: "Crypto", package: "swift-crypto"),
      ]),
    // The recorder: writes and reads recordings, phases, provenance.
    .target(name: "ActivationRecording", dependencies: ["HDF5"]),
    // Each analysis beside the table that it becomes. Prints nothing.
    .target(
      name: "MirrorAnalysis",
      dependencies: ["ActivationRecording", "DenseNetwork", "Parallelism", "Statistics", "Tabular"]),
    // What both command lines share: exit codes, output options, progress, logs.
    .target(
      name: "Terminal",
      dependencies: [
        "Tabular",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    // Makes the experiment: states, networks, recordings.
    .executableTarget(
      name: "frogtoad",
      dependencies: ["FrogAndToad", "DenseNetwork", "ActivationRecording", "MirrorAnalysis", "Terminal"]),
    // Analyses recordings, whoever wrote them.
    .executableTarget(name: "mirrorscope", dependencies: ["MirrorAnalysis", "Terminal"]),
  ],
  swiftLanguageModes: [.v6]
)
