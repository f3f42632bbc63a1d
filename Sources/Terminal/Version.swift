/// The version of the toolkit, which recordings and checkpoints name as their writer's.
public let toolkitVersion = "0.2.1"
