internal import ChunkCodec
import Foundation
import Parallelism

/// The threads that encode chunks for one or more `RowWriter`s.
public final class ChunkWorkers: Sendable {
  private let queue: OperationQueue

  /// - Parameter threads: how many chunks are encoded at the same time, at least 1.
  public init(threads: Int = availableThreads) {
    queue = OperationQueue()
    queue.maxConcurrentOperationCount = max(1, threads)
  }

  func encode<T: Element>(_ job: ChunkJob<T>, with codec: ChunkCodec) {
    job.prepare(capacity: codec.encodedCapacity)
    queue.addOperation { job.encode(with: codec) }
  }
}

/// One chunk between `append` and the file: its elements, then its encoded bytes.
final class ChunkJob<T: Element>: @unchecked Sendable {
  // Sendable because the writer's thread and a worker's take turns: the worker has it from `prepare` until it signals `encoded`.

  /// Room for a whole chunk, of which the first `filled` elements hold rows.
  let elements: UnsafeMutableBufferPointer<T>
  var filled = 0
  /// The first row of the chunk.
  var startRow = 0
  private(set) var filterMask: UInt32 = 0
  private let encodedBuffer = GrowingBuffer()
  private var outcome: Result<Int, any Error> = .success(0)
  private var capacity = 0
  private let encoded = DispatchSemaphore(value: 0)

  init(elementCount: Int) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: elementCount * MemoryLayout<T>.stride, alignment: 64)
    elements = memory.bindMemory(to: T.self)
  }

  /// Sets the elements that hold no rows to 0.
  func clearRest() {
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
