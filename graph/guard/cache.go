package guard

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// cache keeps accepted documents by their text, the least used leaving first, bounded by number and by
// what they take.
type cache struct {
	mu    sync.Mutex
	lru   *simplelru.LRU[string, *Document]
	bytes int64
	most  int64
}

func newCache(count int, bytes int64) *cache {
	c := &cache{most: bytes}
	lru, err := simplelru.NewLRU(count, func(_ string, d *Document) { c.bytes -= d.bytes })
	if err != nil {
		panic(err) // a count below 1
	}
	c.lru = lru
	return c
}

func (c *cache) get(text string) (*Document, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lru.Get(text)
}

func (c *cache) add(text string, d *Document) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lru.Contains(text) {
		return // two clients at once
	}
	c.bytes += d.bytes
	c.lru.Add(text, d)
	for c.bytes > c.most {
		if _, _, ok := c.lru.RemoveOldest(); !ok {
			return
		}
	}
}

// size is the number of documents that are kept, and what they take by estimate.
func (c *cache) size() (count int, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lru.Len(), c.bytes
}
