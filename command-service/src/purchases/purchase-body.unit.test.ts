import { expect, test } from '@jest/globals';
import { purchaseBody } from './purchase-body.js';

test.each(['__proto__', '_id', 'branch__id', 'to_string'])(
  'refuses the unknown field %s under the name that was sent',
  (field) => {
    const body = JSON.parse(`{
    "branch_id": "downtown", "cashier_id": "c-1", "pos_id": "pos-1", "receipt_id": "R-1",
    "items": [{ "product_id": 1, "qty": 1, "unit_price": 1 }], "${field}": 1
  }`);
    expect(purchaseBody.safeParse(body).error?.issues).toMatchObject([{ code: 'unrecognized_keys', keys: [field] }]);
  },
);
