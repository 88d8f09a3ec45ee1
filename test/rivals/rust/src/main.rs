//! Averages by category and window as an expert would by hand: rskafka, a task for each partition that fetches ahead in
//! large answers, and a scanner for this one shape of record. It keeps no promise at all: no group, no commits, no late
//! records, and sums that depend on the order of arrival.

mod averages;
mod scan;

use std::collections::HashMap;
use std::{env, error::Error, sync::Arc};

use averages::Averages;
use rskafka::client::partition::{OffsetAt, PartitionClient, UnknownTopicHandling};
use rskafka::client::ClientBuilder;
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;

/// rskafka allocates every record; this allocator is quicker at it than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args: Vec<String> = env::args().skip(1).collect();
    let flags: HashMap<&str, &str> = args.chunks_exact(2).map(|f| (f[0].as_str(), f[1].as_str())).collect();
    let (broker, topic) = (flags["-broker"], flags["-topic"]);

    let client = ClientBuilder::new(vec![broker.to_owned()]).build().await?;
    let described = client.list_topics().await?.into_iter().find(|t| t.name == topic).ok_or("no such topic")?;
    let mut tasks = JoinSet::new();
    for partition in described.partitions {
        let partition = client.partition_client(topic, partition, UnknownTopicHandling::Error).await?;
        tasks.spawn(read(Arc::new(partition)));
    }
    let (mut records, mut all) = (0, Averages::default());
    while let Some(done) = tasks.join_next().await {
        let (n, some) = done??;
        records += n;
        all.merge(some);
    }
    println!("{}", all.json(records));
    Ok(())
}

/// Reads what is in a partition at the start; the next fetch is under way while one is worked on.
async fn read(partition: Arc<PartitionClient>) -> Result<(usize, Averages), Failure> {
    let end = partition.get_offset(OffsetAt::Latest).await?;
    let (mut records, mut averages, mut next) = (0, Averages::default(), 0);
    let fetch = |from: i64| {
        let partition = partition.clone();
        tokio::spawn(async move { partition.fetch_records(from, 1..FETCH, 1000).await })
    };
    let mut fetching = fetch(next);
    while next < end {
        let (fetched, _) = fetching.await??;
        next = fetched.last().map_or(next, |r| r.offset + 1);
        fetching = fetch(next.min(end - 1)); // behind the end it would wait for more
        for r in fetched.iter().take_while(|r| r.offset < end) {
            let value = r.record.value.as_deref().unwrap_or_default();
            averages.add(scan::measurement(value).ok_or_else(|| format!("offset {} is no measurement", r.offset))?);
            records += 1;
        }
    }
    fetching.abort();
    Ok((records, averages))
}

/// Bytes of one answer.
const FETCH: i32 = 4 << 20;
