package import ResealCore
