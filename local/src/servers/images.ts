export const POSTGRES_IMAGE = 'postgres:17';
export const RABBITMQ_IMAGE = 'rabbitmq:4-management';
