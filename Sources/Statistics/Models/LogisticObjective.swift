internal import CBLAS
import Foundation

/// The function that logistic regression minimises, its derivatives, and Newton's method on it.
///
/// Parameters are [outputs × (features + 1)], the intercept last. Two classes have one output, the logit of the second against the first's
/// 0; more classes have an output each.
struct LogisticObjective {
  struct Evaluation {
    let value: Double
    /// [rows × classes]
    let probabilities: [Double]
  }

  struct Optimum {
    let parameters: [Double]
    let converged: Bool
    let iterations: Int
  }

  /// Rows are weighted and multiplied in blocks of this many, so that their copies stay in the cache.
  private static let blockRows = 1024

  let rows: Int
  let width: Int
  let classes: Int
  let outputs: Int
  let c: Double
  private let labels: [Int]
  /// [rows × (features + 1)], the last column 1.
  let design: [Double]

  /// - Parameter labels: 0..<classes, one per row.
  init(values: [Double], features: Int, labels: [Int], classes: Int, c: Double) {
    rows = labels.count
    width = features + 1
    self.classes = classes
    outputs = classes == 2 ? 1 : classes
    self.c = c
    self.labels = labels
    var design = [Double](repeating: 1, count: labels.count * (features + 1))
    for row in labels.indices {
      for feature in 0..<features { design[row * (features + 1) + feature] = values[row * features + feature] }
    }
    self.design = design
    mirrorscope_blas_threads(1)
  }

  /// Newton's method from 0, each step halved until it lowers the value enough (Armijo).
  func minimise(maximumIterations: Int) -> Optimum {
    var parameters = [Double](repeating: 0, count: outputs * width)
    var current = evaluate(parameters)
    for iteration in 1...max(1, maximumIterations) {
      let gradient = gradient(parameters, current.probabilities)
      guard let step = newtonStep(gradient, current.probabilities) else {
        return Optimum(parameters: parameters, converged: false, iterations: iteration)
      }
      let decrement = -zip(gradient, step).reduce(0) { $0 + $1.0 * $1.1 }
      let rounding = 1e-13 * abs(current.value)
      var size = 1.0
      var next = parameters
      var evaluation = current
      repeat {
        next = zip(parameters, step).map { $0 + size * $1 }
        evaluation = evaluate(next)
        size /= 2
      } while !(evaluation.value <= current.value - 2e-4 * size * decrement + rounding) && size > 1e-10
      guard evaluation.value <= current.value + rounding else {
        return Optimum(parameters: parameters, converged: decrement <= rounding, iterations: iteration)
      }
      parameters = next
      current = evaluation
      // The step just taken squares the error that the decrement measured.
      if decrement <= max(1e-14, 1e-3 * rounding) {
        return Optimum(parameters: parameters, converged: true, iterations: iteration)
      }
    }
    return Optimum(parameters: parameters, converged: false, iterations: maximumIterations)
  }

  /// −H⁻¹ g; nil where the Hessian is not positive definite to rounding.
  private func newtonStep(_ gradient: [Double], _ probabilities: [Double]) -> [Double]? {
    if gradient.count >= LogisticNewtonStep.leastParameters, let newton = LogisticNewtonStep(self, probabilities) {
      return newton.step(gradient)
    }
    return CholeskyFactor(hessian(probabilities), size: gradient.count)?.solve(gradient.map { -$0 })
  }

  func evaluate(_ parameters: [Double]) -> Evaluation {
    var logits = [Double](repeating: 0, count: rows * outputs)
    if rows > 0 {
      cblas_dgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(outputs), Int32(width), 1, design, Int32(width), parameters,
        Int32(width),
        0, &logits, Int32(outputs))
    }
    var loss = 0.0
    let hidden = classes - outputs  // 1 for two classes: the first one's logit is 0
    let probabilities = [Double](unsafeUninitializedCapacity: rows * classes) { probabilities, initialized in
      for row in 0..<rows {
        let start = row * classes
        var largest = hidden == 1 ? 0 : -Double.infinity
        for output in 0..<outputs { largest = max(largest, logits[row * outputs + output]) }
        var sum = 0.0
        for number in 0..<classes {
          let logit = number < hidden ? 0 : logits[row * outputs + number - hidden]
          probabilities[start + number] = exp(logit - largest)
          sum += probabilities[start + number]
        }
        let label = labels[row]
        let own = label < hidden ? 0 : logits[row * outputs + label - hidden]
        loss += log(sum) + largest - own
        for number in 0..<classes { probabilities[start + number] /= sum }
      }
      initialized = rows * classes
    }
    var penalty = 0.0
    var interceptSum = 0.0
    for (index, parameter) in parameters.enumerated() {
      if index % width == width - 1 { interceptSum += parameter } else { penalty += parameter * parameter }
    }
    // Softmax doesn't change when all intercepts do; asking that they sum to 0 makes the optimum unique.
    if outputs > 1 { penalty += interceptSum * interceptSum }
    return Evaluation(value: penalty / 2 + c * loss, probabilities: probabilities)
  }

  /// C Σ (p − y) x + w, [outputs × width].
  private func gradient(_ parameters: [Double], _ probabilities: [Double]) -> [Double] {
    let hidden = classes - outputs
    var errors = [Double](repeating: 0, count: rows * outputs)
    for row in 0..<rows {
      for output in 0..<outputs {
        errors[row * outputs + output] = probabilities[row * classes + output + hidden] - (labels[row] == output + hidden ? 1 : 0)
      }
    }
    var gradient = parameters
    let interceptSum = outputs > 1 ? stride(from: width - 1, to: parameters.count, by: width).reduce(0) { $0 + parameters[$1] } : 0
    for output in 0..<outputs { gradient[output * width + width - 1] = interceptSum }
    cblas_dgemm(
      CblasRowMajor, CblasTrans, CblasNoTrans, Int32(outputs), Int32(width), Int32(rows), c, errors, Int32(outputs), design, Int32(width),
      1,
      &gradient, Int32(width))
    return gradient
  }

  /// Blocks C Σ p_a(δ_ab − p_b) x xᵀ plus the penalty's: a symmetric matrix over all parameters, of which the blocks a ≥ b are filled.
  private func hessian(_ probabilities: [Double]) -> [Double] {
    let hidden = classes - outputs
    let size = outputs * width
    var hessian = [Double](repeating: 0, count: size * size)
    var weighted = [Double](repeating: 0, count: Self.blockRows * width)
    for start in stride(from: 0, to: rows, by: Self.blockRows) {
      let count = min(Self.blockRows, rows - start)
      for first in 0..<outputs {
        for second in 0...first {
          for row in 0..<count {
            let p = probabilities[(start + row) * classes + first + hidden]
            let q = probabilities[(start + row) * classes + second + hidden]
            let weight = c * p * ((first == second ? 1 : 0) - q)
            for column in 0..<width { weighted[row * width + column] = weight * design[(start + row) * width + column] }
          }
          design.withUnsafeBufferPointer { design in
            hessian.withUnsafeMutableBufferPointer { hessian in
              guard let values = design.baseAddress, let target = hessian.baseAddress else { return }
              cblas_dgemm(
                CblasRowMajor, CblasTrans, CblasNoTrans, Int32(width), Int32(width), Int32(count), 1, values + start * width, Int32(width),
                weighted, Int32(width), 1, target + first * width * size + second * width, Int32(size))
            }
          }
        }
      }
    }
    for index in 0..<size {
      if index % width < width - 1 {
        hessian[index * size + index] += 1
      } else if outputs > 1 {
        for other in stride(from: width - 1, through: index, by: width) { hessian[index * size + other] += 1 }
      }
    }
    return hessian
  }
}
