package agatha.sample;

/** A budget as it is stored. The JSON of the API has these names; createdAt is ISO 8601 in UTC. */
record Budget(long id, String name, long amountCents, String createdAt) {}
