// swift-tools-version: 6.1
import PackageDescription
let package = Package(name: "mirrorscope", platforms: [.macOS(.v14)],
  targets: [
    .systemLibrary(name: "CBLAS", pkgConfig: "openblas"),
    .target(name: "CKernels"),
    .target(name: "Parallelism"),
    .target(name: "Statistics", dependencies: ["CBLAS", "CKernels", "Parallelism"]),
    .target(name: "Tabular"),
    .testTarget(name: "ParallelismTests", dependencies: ["Parallelism"]),
    .testTarget(name: "StatisticsTests", dependencies: ["Statistics"]),
    .testTarget(name: "TabularTests", dependencies: ["Tabular"]),
  ], swiftLanguageModes: [.v6])
