// swift-tools-version: 6.1
import PackageDescription
let package = Package(name: "mirrorscope", platforms: [.macOS(.v14)],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5"),
    .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate"),
    .systemLibrary(name: "CBLAS", pkgConfig: "openblas"),
    .target(name: "CKernels"),
    .target(name: "Parallelism"),
    .target(name: "HDF5", dependencies: ["CHDF5", "CDeflate", "Parallelism"]),
    .target(name: "Statistics", dependencies: ["CBLAS", "CKernels", "Parallelism"]),
    .target(name: "Tabular"),
    .target(name: "ActivationRecording", dependencies: ["HDF5", "Parallelism"]),
    .target(name: "MirrorAnalysis", dependencies: ["ActivationRecording", "Parallelism", "Statistics", "Tabular"]),
    .target(name: "Terminal", dependencies: ["Parallelism", "Tabular",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log")]),
    .executableTarget(name: "mirrorscope", dependencies: ["MirrorAnalysis", "Terminal"]),
    .testTarget(name: "ParallelismTests", dependencies: ["Parallelism"]),
    .testTarget(name: "StatisticsTests", dependencies: ["Statistics"]),
    .testTarget(name: "TabularTests", dependencies: ["Tabular"]),
    .testTarget(name: "MirrorAnalysisTests", dependencies: ["MirrorAnalysis"]),
    .testTarget(name: "CommandLineTests", dependencies: ["mirrorscope", "ActivationRecording", "HDF5"]),
  ], swiftLanguageModes: [.v6])
