// Package model searches the exactly-once protocol for a schedule that breaks a promise: every interleaving of every
// effect, within stated bounds.
//
// Two processes commit two partitions of a source, which change hands, to brokers that answer late, twice, not at all,
// or that they have moved. The commits are carried by the real state machine of pkg/kafka/txn. [Search] goes through all
// states that can be reached, judges each, and shows the shortest way to one that breaks a promise. [Holes] takes single
// precautions away, so that the search can be seen to find what they are there for.
//
// DESIGN.md beside this file says what is modelled, what is not, and how to read a trace.
package model
