//go:build tools

// Package tools names the command that scripts/test-cluster builds from this module,
// so that go.mod and go.sum hold all that it needs.
package tools

import _ "github.com/coredns/coredns"
