import Statistics
import Testing

private struct WideFit: Decodable {
  let rows: Int
  let features: Int
  let scale: Double
  let labels: [Int]
  let weights: [Double]
  let intercepts: [Double]

  /// The formula of wide_logistic.py.
  var values: [Double] {
    (0..<rows * features).map { index in
      let (i, j) = (index / features + 1, index % features + 1)
      let mixed: Int = (7919 * i * i + 104_729 * j * j + 31337 * i * j) % 10007
      return (Double(mixed) / 10007 - 0.5) * scale
    }
  }
}

@Suite("Logistic regression")
struct LogisticRegressionTests {
  @Test("Standardisation, weights, probabilities and scores agree with scikit-learn, separable classes and a constant feature included")
  func scikit() throws {
    for row in try fixture("decoding", as: Decoding.self).fits {
      let standardisation = Standardisation(fittedTo: row.values, features: row.features)
      #expect(largestDifference(standardisation.means, row.means) <= 1e-12)
      #expect(largestDifference(standardisation.deviations, row.deviations) <= 1e-12)
      let values = standardisation.applied(to: row.values)
      let model = try #require(LogisticRegression(fittedTo: values, features: row.features, labels: row.labels, c: row.c))
      #expect(model.converged)
      #expect(largestDifference(model.weights, row.weights) <= 1e-6, "C \(row.c): \(model.weights) \(row.weights)")
      #expect(largestDifference(model.intercepts, row.intercepts) <= 1e-6)
      #expect(largestDifference(model.probabilities(values), row.probabilities) <= 1e-6)
      let predictions = model.predictions(values)
      #expect(agrees(accuracy(labels: row.labels, predictions: predictions), row.accuracy, relative: 1e-12))
      #expect(agrees(balancedAccuracy(labels: row.labels, predictions: predictions), row.balancedAccuracy, relative: 1e-12))
    }
  }

  @Test("With hundreds of parameters, more than rows or fewer, the optimum is scikit-learn's to 1e-9")
  func wide() throws {
    for row in try fixture("wide_logistic", as: [WideFit].self) {
      let model = try #require(LogisticRegression(fittedTo: row.values, features: row.features, labels: row.labels, c: 1))
      #expect(model.converged)
      #expect(largestDifference(model.weights, row.weights) <= 1e-9, "\(row.rows) × \(row.features)")
      #expect(largestDifference(model.intercepts, row.intercepts) <= 1e-9)
    }
  }

  @Test("At the optimum the gradient vanishes: w = −C Σ (p − y) x, and Σ (p − y) = 0")
  func gradient() throws {
    let values = doubles(noise(rows: 300, units: 3, seed: 6))
    let labels = (0..<300).map { values[$0 * 3] + 0.3 * values[$0 * 3 + 2] > 0.2 ? 1 : 0 }
    let model = try #require(LogisticRegression(fittedTo: values, features: 3, labels: labels, c: 5))
    let p = model.probabilities(values)
    let errors = (0..<300).map { p[$0 * 2 + 1] - Double(labels[$0]) }
    #expect(abs(errors.reduce(0, +)) <= 1e-9)
    for feature in 0..<3 {
      let sum = (0..<300).reduce(0) { $0 + errors[$1] * values[$1 * 3 + feature] }
      #expect(abs(model.weights[feature] + 5 * sum) <= 1e-8)
    }
  }

  @Test("The order of rows moves the optimum by rounding only")
  func rowOrder() throws {
    let values = doubles(noise(rows: 120, units: 2, seed: 7))
    let labels = (0..<120).map { ($0 * 7) % 3 }
    let forward = try #require(LogisticRegression(fittedTo: values, features: 2, labels: labels, c: 1))
    let reversed = (0..<120).reversed().flatMap { values[$0 * 2..<$0 * 2 + 2] }
    let backward = try #require(LogisticRegression(fittedTo: reversed, features: 2, labels: labels.reversed(), c: 1))
    #expect(largestDifference(forward.weights, backward.weights) <= 1e-10)
  }

  @Test("A constant feature gets weight 0 and two equal features share theirs")
  func degenerate() throws {
    let x = noise(rows: 80, units: 1, seed: 8)
    let rows = x.flatMap { value -> [Float] in [value, 0.1, value] }
    let values = Standardisation(fittedTo: rows, features: 3).applied(to: rows)
    let model = try #require(LogisticRegression(fittedTo: values, features: 3, labels: x.map { $0 > 0 ? 1 : 0 }, c: 1))
    #expect(model.converged)
    #expect(model.weights[1] == 0)
    #expect(abs(model.weights[0] - model.weights[2]) <= 1e-9)
    #expect(model.weights[0] > 0)
  }

  @Test("One class and NaN cannot be fitted; a row with NaN has no probability")
  func undefined() throws {
    #expect(LogisticRegression(fittedTo: [1, 2], features: 1, labels: [3, 3], c: 1) == nil)
    #expect(LogisticRegression(fittedTo: [], features: 1, labels: [], c: 1) == nil)
    #expect(LogisticRegression(fittedTo: [1, .nan], features: 1, labels: [0, 1], c: 1) == nil)
    #expect(LogisticRegression(fittedTo: [1, 2], features: 1, labels: [0, 1], c: 0) == nil)
    let model = try #require(LogisticRegression(fittedTo: [1, 2], features: 1, labels: [0, 1], c: 1))
    #expect(model.probabilities([.nan]).allSatisfy { $0.isNaN })
    #expect(model.probabilities([]).isEmpty)
    #expect(Standardisation(fittedTo: [Float](), features: 2).deviations == [1, 1])
  }
}
