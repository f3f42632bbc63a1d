internal import CBLAS
import Foundation

/// Logistic regression of fewer rows than features, by the rows' Gram matrix K = X Xᵀ: the optimum's weights are w_a = Xᵀ β_a, a coefficient
/// per row and output, so that no matrix over the features is formed.
///
/// The function that is minimised, its optimum and the rules of stopping are those of `LogisticObjective`. Newton's equations for β and the
/// intercepts b are, with residuals g = C (p − y) and a row's W u = C p ∘ (u − pᵀu),
///
///     δβ + W (K δβ + 1 δb) = −(β + g),   1ᵀ W (K δβ + 1 δb) + Σ δb = −(1ᵀ g + Σ b)   (the sums over intercepts for more than two classes)
///
/// and are solved by conjugate gradients in the inner product aᵀ K a′ + b b′, which is that of the weights. The preconditioner has the
/// rows' mean weight h for W, so that one factor of I + h K serves all outputs, and K z = (q − z)/h comes with z = (I + h K)⁻¹ q.
struct DualLogistic {
  struct Optimum {
    /// [rows × outputs]
    let coefficients: [Double]
    let intercepts: [Double]
    let converged: Bool
    let iterations: Int
  }

  /// Coefficients, intercepts, and the Gram matrix times the coefficients.
  private struct Vector {
    var rows: [Double]
    var intercepts: [Double]
    var image: [Double]
  }

  private static let mostIterations = 1000

  private let rows: Int
  private let classes: Int
  private let outputs: Int
  private let c: Double
  private let labels: [Int]
  /// [rows × rows]
  private let gram: [Double]
  /// 1 for two classes: the first one's logit is 0.
  private var hidden: Int { classes - outputs }

  /// - Parameters:
  ///   - gram: [rows × rows], both triangles.
  ///   - labels: 0..<classes, one per row.
  init(gram: [Double], labels: [Int], classes: Int, c: Double) {
    precondition(gram.count == labels.count * labels.count, "a row and a column per label")
    rows = labels.count
    self.classes = classes
    outputs = classes == 2 ? 1 : classes
    self.c = c
    self.labels = labels
    self.gram = gram
    mirrorscope_blas_threads(1)
  }

  /// Newton's method from 0, each step halved until it lowers the value enough (Armijo). Nil where a step cannot be taken for rounding.
  func minimise(maximumIterations: Int) -> Optimum? {
    var point = zero
    var current = evaluate(point)
    var preconditioner: DualPreconditioner?
    func optimum(_ converged: Bool, _ iterations: Int) -> Optimum {
      Optimum(coefficients: point.rows, intercepts: point.intercepts, converged: converged, iterations: iterations)
    }
    for iteration in 1...max(1, maximumIterations) {
      let weight = meanWeight(current.probabilities)
      if preconditioner.map({ weight < $0.weight / 2 || weight > $0.weight * 2 }) ?? true {
        preconditioner = DualPreconditioner(gram: gram, rows: rows, weight: weight)
      }
      guard let preconditioner else { return nil }
      let gradient = gradient(point, current.probabilities)
      let step = newtonStep(gradient, current.probabilities, preconditioner)
      let decrement = -product(gradient, step)
      let rounding = 1e-13 * abs(current.value)
      var size = 1.0
      var next = point
      var evaluation = current
      repeat {
        next = point
        add(size, step, to: &next)
        evaluation = evaluate(next)
        size /= 2
      } while !(evaluation.value <= current.value - 2e-4 * size * decrement + rounding) && size > 1e-10
      guard evaluation.value <= current.value + rounding else { return optimum(decrement <= rounding, iteration) }
      point = next
      current = evaluation
      // The step just taken squares the error that the decrement measured.
      if decrement <= max(1e-14, 1e-3 * rounding) { return optimum(true, iteration) }
    }
    return optimum(false, maximumIterations)
  }

  private var zero: Vector {
    let rows = [Double](repeating: 0, count: rows * outputs)
    return Vector(rows: rows, intercepts: [Double](repeating: 0, count: outputs), image: rows)
  }

  private func add(_ factor: Double, _ step: Vector, to vector: inout Vector) {
    cblas_daxpy(Int32(step.rows.count), factor, step.rows, 1, &vector.rows, 1)
    cblas_daxpy(Int32(step.image.count), factor, step.image, 1, &vector.image, 1)
    for output in 0..<outputs { vector.intercepts[output] += factor * step.intercepts[output] }
  }

  /// Of a vector without an image and one with it.
  private func product(_ a: Vector, _ b: Vector) -> Double {
    cblas_ddot(Int32(a.rows.count), a.rows, 1, b.image, 1) + zip(a.intercepts, b.intercepts).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// The value at a point, and the probability of each class for each row: [rows × classes].
  private func evaluate(_ point: Vector) -> (value: Double, probabilities: [Double]) {
    var loss = 0.0
    let probabilities = [Double](unsafeUninitializedCapacity: rows * classes) { probabilities, initialized in
      for row in 0..<rows {
        func logit(_ number: Int) -> Double {
          number < hidden ? 0 : point.image[row * outputs + number - hidden] + point.intercepts[number - hidden]
        }
        var largest = -Double.infinity
        for number in 0..<classes { largest = max(largest, logit(number)) }
        var sum = 0.0
        for number in 0..<classes {
          let term = exp(logit(number) - largest)
          probabilities[row * classes + number] = term
          sum += term
        }
        loss += log(sum) + largest - logit(labels[row])
        for number in 0..<classes { probabilities[row * classes + number] /= sum }
      }
      initialized = rows * classes
    }
    let interceptSum = outputs > 1 ? point.intercepts.reduce(0, +) : 0
    let penalty = cblas_ddot(Int32(point.rows.count), point.rows, 1, point.image, 1) + interceptSum * interceptSum
    return (penalty / 2 + c * loss, probabilities)
  }

  /// C times the mean over rows of p (1 − p), of Σ_a p_a (1 − p_a) / (K − 1) for more than two classes.
  private func meanWeight(_ probabilities: [Double]) -> Double {
    let sum = probabilities.reduce(0) { $0 + $1 * (1 - $1) }
    return c * sum / Double((classes == 2 ? 2 : classes - 1) * max(1, rows))
  }

  /// Its image is not made: only products with it are asked for.
  private func gradient(_ point: Vector, _ probabilities: [Double]) -> Vector {
    var gradient = Vector(rows: point.rows, intercepts: [], image: [])
    let interceptSum = outputs > 1 ? point.intercepts.reduce(0, +) : 0
    gradient.intercepts = point.intercepts.map { _ in interceptSum }
    for row in 0..<rows {
      for output in 0..<outputs {
        let error = c * (probabilities[row * classes + output + hidden] - (labels[row] == output + hidden ? 1 : 0))
        gradient.rows[row * outputs + output] += error
        gradient.intercepts[output] += error
      }
    }
    return gradient
  }

  /// The Hessian times a vector that has an image; the result has none.
  private func hessian(_ vector: Vector, _ probabilities: [Double]) -> Vector {
    var result = Vector(rows: vector.rows, intercepts: [], image: [])
    let interceptSum = outputs > 1 ? vector.intercepts.reduce(0, +) : 0
    result.intercepts = vector.intercepts.map { _ in interceptSum }
    for row in 0..<rows {
      var mean = 0.0
      for output in 0..<outputs {
        mean += probabilities[row * classes + output + hidden] * (vector.image[row * outputs + output] + vector.intercepts[output])
      }
      for output in 0..<outputs {
        let logit = vector.image[row * outputs + output] + vector.intercepts[output]
        let weighted = c * probabilities[row * classes + output + hidden] * (logit - mean)
        result.rows[row * outputs + output] += weighted
        result.intercepts[output] += weighted
      }
    }
    return result
  }

  /// −H⁻¹ g, the nearer the optimum the more exactly, by the rule of `LogisticNewtonStep.step`.
  private func newtonStep(_ gradient: Vector, _ probabilities: [Double], _ preconditioner: DualPreconditioner) -> Vector {
    var step = zero
    var residual = Vector(rows: gradient.rows.map { -$0 }, intercepts: gradient.intercepts.map { -$0 }, image: [])
    func preconditioned() -> Vector {
      let (solved, intercepts, image) = preconditioner.solve(residual.rows, intercepts: residual.intercepts)
      return Vector(rows: solved, intercepts: intercepts, image: image)
    }
    var direction = preconditioned()
    var square = product(residual, direction)
    let target = square * min(0.01, max(1e-14, square))
    var iteration = 0
    while square > target, iteration < Self.mostIterations {
      let image = hessian(direction, probabilities)
      let curvature = product(image, direction)
      guard curvature > 0 else { break }
      add(square / curvature, direction, to: &step)
      cblas_daxpy(Int32(image.rows.count), -square / curvature, image.rows, 1, &residual.rows, 1)
      for output in 0..<outputs { residual.intercepts[output] -= square / curvature * image.intercepts[output] }
      let scaled = preconditioned()
      let next = product(residual, scaled)
      var turned = scaled
      add(next / square, direction, to: &turned)
      (direction, square) = (turned, next)
      iteration += 1
    }
    // Anew, so that what the images lost to rounding does not add up.
    step.image = matrixProduct(gram, rows: rows, depth: rows, step.rows, columns: outputs)
    return step
  }
}

/// I + h K, factorised, with an intercept that is not penalised.
private struct DualPreconditioner {
  let weight: Double
  private let factor: CholeskyFactor
  /// h (I + h K)⁻¹ 1
  private let ones: [Double]
  private let onesSum: Double

  init?(gram: [Double], rows: Int, weight: Double) {
    guard weight > 0, weight.isFinite else { return nil }
    var matrix = gram.map { weight * $0 }
    for row in 0..<rows { matrix[row * rows + row] += 1 }
    guard let factor = CholeskyFactor(matrix, size: rows) else { return nil }
    self.weight = weight
    self.factor = factor
    ones = factor.solve([Double](repeating: weight, count: rows))
    onesSum = ones.reduce(0, +)
    guard onesSum > 0 else { return nil }
  }

  /// z and d with z + h (K z + 1 d) = a and h 1ᵀ(K z + 1 d) = c, for each output, and K z.
  func solve(_ right: [Double], intercepts: [Double]) -> (rows: [Double], intercepts: [Double], image: [Double]) {
    let outputs = intercepts.count
    let rows = ones.count
    var solved = factor.solve(right, columns: outputs)
    var shifts = intercepts
    for output in 0..<outputs {
      var difference = intercepts[output]
      for row in 0..<rows { difference += solved[row * outputs + output] - right[row * outputs + output] }
      shifts[output] = difference / onesSum
    }
    var image = right
    for row in 0..<rows {
      for output in 0..<outputs {
        let index = row * outputs + output
        solved[index] -= shifts[output] * ones[row]
        image[index] = (right[index] - solved[index]) / weight - shifts[output]
      }
    }
    return (solved, shifts, image)
  }
}
