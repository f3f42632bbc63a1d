internal import CBLAS

/// Newton steps of wide problems by preconditioned conjugate gradients: of several classes no Hessian over all their parameters is formed.
struct LogisticNewtonStep {
  /// From how many parameters on this takes less time than the Hessian's Cholesky factor.
  static let leastParameters = 200
  private static let mostIterations = 1000

  private let objective: LogisticObjective
  private let probabilities: [Double]
  private let preconditioner: CholeskyFactor

  /// The preconditioner is C X̃ᵀ D X̃ and the penalty for every class, with D = p (1 − p) for two classes, where it is the Hessian, and
  /// Σ_a p_a (1 − p_a) / (K − 1) for K, where it is the Hessian for equally probable classes.
  ///
  /// - Parameter probabilities: [rows × classes], at the parameters that the step is taken from.
  /// - Returns: nil where the preconditioner is not positive definite to rounding.
  init?(_ objective: LogisticObjective, _ probabilities: [Double]) {
    let (width, classes) = (objective.width, objective.classes)
    var weighted = objective.design
    weighted.withUnsafeMutableBufferPointer { weighted in
      for row in 0..<objective.rows {
        var spread = 0.0
        for p in probabilities[row * classes..<(row + 1) * classes] { spread += p * (1 - p) }
        let scale = (objective.c * spread / Double(classes == 2 ? 2 : classes - 1)).squareRoot()
        for column in row * width..<(row + 1) * width { weighted[column] *= scale }
      }
    }
    var matrix = [Double](repeating: 0, count: width * width)
    cblas_dsyrk(
      CblasRowMajor, CblasLower, CblasTrans, Int32(width), Int32(objective.rows), 1, weighted, Int32(width), 0, &matrix, Int32(width))
    for feature in 0..<width - 1 { matrix[feature * width + feature] += 1 }
    guard let factor = CholeskyFactor(matrix, size: width) else { return nil }
    self.objective = objective
    self.probabilities = probabilities
    preconditioner = factor
  }

  /// −H⁻¹ g, the nearer the optimum the more exactly: to a residual of at most a tenth, in the norm of the preconditioner, and of at
  /// most the gradient's own norm, so that the error shrinks as fast as with exact steps (Dembo, Eisenstat and Steihaug, 1982).
  func step(_ gradient: [Double]) -> [Double] {
    var step = [Double](repeating: 0, count: gradient.count)
    var residual = gradient.map { -$0 }
    var direction = preconditioned(residual)
    var product = dot(residual, direction)
    let target = product * min(0.01, max(1e-14, product))
    var iteration = 0
    while product > target, iteration < Self.mostIterations {
      let image = hessian(direction)
      let curvature = dot(direction, image)
      guard curvature > 0 else { break }
      let length = product / curvature
      for index in step.indices {
        step[index] += length * direction[index]
        residual[index] -= length * image[index]
      }
      let scaled = preconditioned(residual)
      let next = dot(residual, scaled)
      for index in direction.indices { direction[index] = scaled[index] + next / product * direction[index] }
      product = next
      iteration += 1
    }
    return step
  }

  private func dot(_ a: [Double], _ b: [Double]) -> Double { cblas_ddot(Int32(a.count), a, 1, b, 1) }

  private func preconditioned(_ vector: [Double]) -> [Double] {
    let (width, outputs) = (objective.width, objective.outputs)
    var columns = [Double](repeating: 0, count: vector.count)
    for output in 0..<outputs {
      for index in 0..<width { columns[index * outputs + output] = vector[output * width + index] }
    }
    let solved = preconditioner.solve(columns, columns: outputs)
    var result = vector
    for output in 0..<outputs {
      for index in 0..<width { result[output * width + index] = solved[index * outputs + output] }
    }
    return result
  }

  /// H v: for row i, C p_a (u_a − Σ_b p_b u_b) with u = v x, times x; and the penalty's part.
  private func hessian(_ vector: [Double]) -> [Double] {
    let (rows, width, outputs, classes) = (objective.rows, objective.width, objective.outputs, objective.classes)
    let hidden = classes - outputs
    var images = [Double](repeating: 0, count: rows * outputs)
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(outputs), Int32(width), 1, objective.design, Int32(width), vector,
      Int32(width), 0, &images, Int32(outputs))
    images.withUnsafeMutableBufferPointer { images in
      for row in 0..<rows {
        var mean = 0.0
        for output in 0..<outputs { mean += probabilities[row * classes + output + hidden] * images[row * outputs + output] }
        for output in 0..<outputs {
          images[row * outputs + output] =
            probabilities[row * classes + output + hidden] * (images[row * outputs + output] - mean)
        }
      }
    }
    var result = vector
    let interceptSum = outputs > 1 ? stride(from: width - 1, to: vector.count, by: width).reduce(0) { $0 + vector[$1] } : 0
    for output in 0..<outputs { result[output * width + width - 1] = interceptSum }
    cblas_dgemm(
      CblasRowMajor, CblasTrans, CblasNoTrans, Int32(outputs), Int32(width), Int32(rows), objective.c, images, Int32(outputs),
      objective.design, Int32(width), 1, &result, Int32(width))
    return result
  }
}
