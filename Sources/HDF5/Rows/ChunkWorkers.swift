internal import ChunkCodec
import Foundation
import Parallelism

/// The threads that encode chunks for one or more `RowWriter`s.
public final class ChunkWorkers: @unchecked Sendable {
  // Sendable because the list is touched under the lock only, and a queue is safe to use from any thread.

  private let queue: OperationQueue
  private let lock = NSLock()
  private var codecs: [ChunkCodec] = []

  /// - Parameter threads: how many chunks are encoded at the same time, at least 1.
  public init(threads: Int = availableThreads) {
    queue = OperationQueue()
    queue.maxConcurrentOperationCount = max(1, threads)
  }

  /// The codec that all writers of such chunks share: it keeps memory of several chunks for each thread, and writers may be thousands.
  func shared(_ codec: ChunkCodec) -> ChunkCodec {
    lock.withLock {
      let known = codecs.first {
        $0.filters == codec.filters && $0.elementSize == codec.elementSize && $0.chunkByteCount == codec.chunkByteCount
      }
      if let known { return known }
      codecs.append(codec)
      return codec
    }
  }

  func encode<T: Element>(_ job: ChunkJob<T>, with codec: ChunkCodec) {
    job.prepare(capacity: codec.encodedCapacity)
    queue.addOperation { job.encode(with: codec) }
  }
}

/// One chunk between `append` and the file: its elements, then its encoded bytes.
final class ChunkJob<T: Element>: @unchecked Sendable {
  // Sendable because the writer's thread and a worker's take turns: the worker has it from `prepare` until it signals `encoded`.

  /// The rows so far, `filled` elements, and room that grows with them to a whole chunk: those of thousands of layers may stay small.
  private(set) var elements = UnsafeMutableBufferPointer<T>(start: nil, count: 0)
  private let wholeCount: Int
  var filled = 0
  /// The first row of the chunk.
  var startRow = 0
  private(set) var filterMask: UInt32 = 0
  private let encodedBuffer = GrowingBuffer()
  private var outcome: Result<Int, any Error> = .success(0)
  private var capacity = 0
  private let encoded = DispatchSemaphore(value: 0)

  /// - Parameter elementCount: of a whole chunk.
  init(elementCount: Int) { wholeCount = elementCount }

  var isFull: Bool { filled == wholeCount }

  /// Adds as many of the values as the chunk has room for, and says how many.
  func fill(_ values: Slice<UnsafeBufferPointer<T>>) -> Int {
    let count = min(values.count, wholeCount - filled)
    reserve(filled + count)
    _ = UnsafeMutableBufferPointer(rebasing: elements[filled..<filled + count]).update(fromContentsOf: values.prefix(count))
    filled += count
    return count
  }

  private func reserve(_ count: Int) {
    guard count > elements.count else { return }
    let size = min(wholeCount, max(count, 2 * elements.count))
    let grown = UnsafeMutableRawBufferPointer.allocate(byteCount: size * MemoryLayout<T>.stride, alignment: 64).bindMemory(to: T.self)
    _ = grown.update(fromContentsOf: elements[..<filled])
    elements.deallocate()
    elements = grown
  }

  /// Makes it a whole chunk, whose elements without rows are 0.
  func clearRest() {
    reserve(wholeCount)
    // By the byte: element by element, generic code takes longer than deflating does.
    UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: elements[filled...])).initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { elements.deallocate() }

  var encodedBytes: UnsafeRawBufferPointer {
    let count = (try? outcome.get()) ?? 0
    return UnsafeRawBufferPointer(rebasing: encodedBuffer.bytes(atLeast: count)[..<count])
  }

  func prepare(capacity: Int) {
    self.capacity = capacity
  }

  func encode(with codec: ChunkCodec) {
    outcome = Result {
      let target = encodedBuffer.bytes(atLeast: capacity)
      let (byteCount, mask) = try codec.encode(UnsafeRawBufferPointer(elements), into: target)
      filterMask = mask
      return byteCount
    }
    encoded.signal()
  }

  /// Called once for each `encode`.
  func waitUntilEncoded(_ operation: Operation) throws {
    encoded.wait()
    if case .failure(let error) = outcome {
      throw operation.error(.writeFailed, "\(error)")
    }
  }
}
