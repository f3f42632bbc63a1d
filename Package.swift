// swift-tools-version: 6.1
import PackageDescription

// Targets from the bottom up; an arrow never points up.

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")

let package = Package(
  name: "mirrorscope",
  platforms: [.macOS(.v14)],
  products: [
    .executable(name: "mirrorscope", targets: ["mirrorscope"]),
    .library(name: "ActivationRecording", targets: ["ActivationRecording"]),
    .library(name: "MirrorAnalysis", targets: ["MirrorAnalysis"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
  ],
  targets: [
    // HDF5's C interface, with a shim for the macros that Swift cannot import.
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
    // Reads a file's headers in a child process, which may die of damaged ones.
    .target(name: "CHeaderCheck", dependencies: ["CHDF5"]),
    // Deflate and inflate of whole chunks, in zlib's format.
    .systemLibrary(name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"]), .brew(["isa-l"])]),
    // Matrix products: OpenBLAS on Linux, loaded when first needed, Accelerate on macOS.
    .target(
      name: "CBLAS",
      linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux])), .linkedFramework("Accelerate", .when(platforms: [.macOS]))]),
    // The few loops that are compiled per instruction set: forward pass, training step, moments, float16, deflating and inflating literals.
    .target(name: "CKernels"),
    // Fixed blocks of work over several threads, results in order.
    .target(name: "Parallelism"),
    // One chunk of a file through shuffle, deflate and Fletcher-32, and back. Knows no HDF5.
    .target(name: "ChunkCodec", dependencies: ["CISAL", "CKernels"]),
    // A file under way and its name, which file is which, and what a file of ours says it is.
    .target(name: "Files", dependencies: [crypto]),
    // A Swift face on HDF5, one file per notion.
    .target(name: "HDF5", dependencies: ["CHDF5", "CHeaderCheck", "ChunkCodec", "Files", "Parallelism", crypto]),
    // Moments, correlation, tests, resampling, random streams. Knows no file.
    .target(name: "Statistics", dependencies: ["CBLAS", "CKernels", "Parallelism"]),
    // A typed table out as CSV, TSV or JSON, its Table Schema, and CSV and TSV in as text.
    .target(name: "Tabular"),
    // World, players, actions, state vector, labels, and the file that stores a data set.
    .target(name: "FrogAndToad", dependencies: ["Files", "HDF5", "Parallelism", "Statistics", crypto]),
    // Dense networks: forward, training, checkpoints, import from Keras and PyTorch.
    .target(name: "DenseNetwork", dependencies: ["CBLAS", "CKernels", "ChunkCodec", "Files", "HDF5", "Statistics", crypto]),
    // The recorder: writes and reads recordings, phases, provenance.
    .target(name: "ActivationRecording", dependencies: ["CKernels", "Files", "HDF5", "Parallelism"]),
    // Each analysis beside the table that it becomes. Prints nothing.
    .target(
      name: "MirrorAnalysis",
      dependencies: ["ActivationRecording", "CKernels", "DenseNetwork", "Files", "Parallelism", "Statistics", "Tabular", crypto]),
    // One HTML page of what the analyses say of recordings, with its charts. Computes no statistic.
    .target(
      name: "MirrorReport",
      dependencies: ["ActivationRecording", "ChunkCodec", "Files", "MirrorAnalysis", "Statistics", "Tabular", crypto, mustache]),
    // Networks play the game: how it goes, intact and ablated, and what they do meanwhile.
    .target(
      name: "Games",
      dependencies: ["ActivationRecording", "DenseNetwork", "FrogAndToad", "MirrorAnalysis", "Parallelism", "Statistics", "Tabular"]),
    // What both command lines share: exit codes, output options, progress, logs.
    .target(name: "Terminal", dependencies: ["ActivationRecording", "Files", "Parallelism", "Tabular", argumentParser, logging]),
    // Makes the experiment: states, networks, recordings.
    .executableTarget(
      name: "frogtoad",
      dependencies: [
        "ActivationRecording", "DenseNetwork", "Files", "FrogAndToad", "Games", "HDF5", "MirrorAnalysis", "Parallelism", "Statistics",
        "Tabular", "Terminal", crypto, yams,
      ]),
    // Analyses recordings, whoever wrote them.
    .executableTarget(
      name: "mirrorscope",
      dependencies: [
        "ActivationRecording", "Files", "HDF5", "MirrorAnalysis", "MirrorReport", "Parallelism", "Statistics", "Tabular", "Terminal",
      ]),
    // Pieces of work that scripts/benchmark times.
    .executableTarget(
      name: "benchmark",
      dependencies: [
        "ActivationRecording", "CBLAS", "DenseNetwork", "FrogAndToad", "Games", "HDF5", "MirrorAnalysis", "Parallelism", "Statistics",
        argumentParser,
      ],
      path: "Benchmarks/Sources"),

    .testTarget(name: "ParallelismTests", dependencies: ["Parallelism"]),
    .testTarget(name: "ChunkCodecTests", dependencies: ["CKernels", "ChunkCodec"]),
    .testTarget(name: "FilesTests", dependencies: ["Files"]),
    .testTarget(name: "HDF5Tests", dependencies: ["Files", "HDF5", "Parallelism"]),
    .testTarget(name: "StatisticsTests", dependencies: ["Statistics"]),
    .testTarget(name: "TabularTests", dependencies: ["Tabular"]),
    .testTarget(name: "TerminalTests", dependencies: ["Terminal"]),
    .testTarget(name: "FrogAndToadTests", dependencies: ["Files", "FrogAndToad", "HDF5", "Statistics"]),
    .testTarget(name: "DenseNetworkTests", dependencies: ["DenseNetwork", "Files", "HDF5", "Statistics"]),
    .testTarget(name: "ActivationRecordingTests", dependencies: ["ActivationRecording", "CKernels", "Files", "HDF5"]),
    .testTarget(
      name: "MirrorAnalysisTests",
      dependencies: ["ActivationRecording", "DenseNetwork", "HDF5", "MirrorAnalysis", "Statistics", "Tabular", crypto]),
    .testTarget(
      name: "MirrorReportTests",
      dependencies: ["ActivationRecording", "ChunkCodec", "MirrorAnalysis", "MirrorReport", "Tabular"]),
    .testTarget(
      name: "GamesTests",
      dependencies: ["ActivationRecording", "DenseNetwork", "FrogAndToad", "Games", "MirrorAnalysis", "Statistics", "Tabular"]),
    // What the articles of the two libraries show.
    .testTarget(name: "DocumentationTests", dependencies: ["ActivationRecording", "MirrorAnalysis"]),
    .testTarget(name: "CommandLineTests", dependencies: ["ActivationRecording", "DenseNetwork", "HDF5", "frogtoad", "mirrorscope"]),
  ],
  swiftLanguageModes: [.v6]
)

// The fuzz targets (scripts/fuzz) need the compiler's fuzzer, which not every platform has: only where asked for.
if Context.environment["MIRRORSCOPE_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "fuzz", dependencies: ["ActivationRecording", "ChunkCodec", "DenseNetwork", "FrogAndToad", "HDF5"], path: "Fuzzing/Sources"))
}

// Whoever runs all tests runs loops of numbers for minutes: scripts/test has those of these targets optimised in a debug build. Only where asked
// for: no package can depend on one with such flags.
if Context.environment["MIRRORSCOPE_OPTIMISED"] != nil {
  let optimised: Set = [
    "ActivationRecording", "CKernels", "ChunkCodec", "DenseNetwork", "FrogAndToad", "HDF5", "MirrorAnalysis", "Parallelism", "Statistics",
  ]
  for target in package.targets where optimised.contains(target.name) {
    target.swiftSettings = [.unsafeFlags(["-O"])]
    target.cSettings = [.unsafeFlags(["-O2"])]
  }
}
