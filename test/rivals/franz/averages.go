package main

import "github.com/meanstream/meanstream/test/rivals/answer"

// average is what is held of one window and category.
type average struct {
	start    int64
	category string
	count    int64
	sum      float64
}

type key struct {
	start    int64
	category string
}

// averages finds the average of a record without hashing where its window is the last one's and it has few categories.
type averages struct {
	all    map[key]*average
	start  int64
	recent []*average // of that window
}

func newAverages() *averages { return &averages{all: map[key]*average{}} }

const remembered = 8

func (a *averages) add(m measurement) {
	if m.value >= 90 {
		return
	}
	if uint64(m.timestamp-a.start) >= 10 {
		a.start, a.recent = m.timestamp-m.timestamp%10, a.recent[:0]
	}
	for _, v := range a.recent {
		if v.category == string(m.category) {
			v.count++
			v.sum += m.value
			return
		}
	}
	v := a.all[key{a.start, string(m.category)}]
	if v == nil {
		v = &average{start: a.start, category: string(m.category)}
		a.all[key{v.start, v.category}] = v
	}
	if len(a.recent) < remembered {
		a.recent = append(a.recent, v)
	}
	v.count++
	v.sum += m.value
}

func (a *averages) means() (all []answer.Mean) {
	for _, v := range a.all {
		all = append(all, answer.Mean{Start: v.start, Category: v.category, Count: v.count, Mean: v.sum / float64(v.count)})
	}
	return all
}
