//! Both machines against each other.
