import Foundation

/// Whether an object of a configuration is of Keras itself, and not one of the same name from elsewhere.
///
/// Since 2.12 Keras says the module of each, and of what is not its own the name that it is registered under: "Custom>LeakyReLU", or the class
/// alone, without a module, for one that was not registered.
func isOfKeras(_ object: [String: Any]) -> Bool {
  func isGiven(_ name: String) -> Bool { object[name].map { !($0 is NSNull) } ?? false }
  guard isGiven("module") else { return !isGiven("registered_name") }
  let kind = object["class_name"] as? String
  let isFunction = kind == "function"
  guard let module = object["module"] as? String, let package = module.split(separator: ".", omittingEmptySubsequences: false).first,
    ["keras", "tf_keras", "tensorflow"].contains(package) || isFunction && module == "builtins"
  else { return false }
  guard isGiven("registered_name") else { return true }
  let own = isFunction ? [kind, object["config"] as? String] : [kind]
  return own.contains(object["registered_name"] as? String)
}
