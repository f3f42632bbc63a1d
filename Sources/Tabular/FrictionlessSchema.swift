extension TableSchema {
  /// This schema as a Frictionless Table Schema (specs.frictionlessdata.io/table-schema), the text of `schemas/NAME.table.json`.
  public var frictionlessJSON: String {
    let fields = columns.map { column in
      "    { \"name\": \(jsonString(column.name)), \"type\": \(jsonString(column.kind.rawValue)),\n"
        + "      \"description\": \(jsonString(column.description)) }"
    }
    return """
      {
        "name": \(jsonString(name)),
        "title": \(jsonString(title)),
        "missingValues": [""],\(mayHaveMoreColumns ? "\n  \"fieldsMatch\": \"subset\"," : "")
        "fields": [
      \(fields.joined(separator: ",\n"))
        ]
      }

      """
  }
}
